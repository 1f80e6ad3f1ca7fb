/** The chart of a behaviour as a Mermaid diagram. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { pathOf, waysOf } from './ways.ts';

export function mermaid(machine: AnyStateMachine): string {
  const lines = ['stateDiagram-v2'];
  const nested = (node: AnyStateNode, indent: string) => {
    const children = Object.values(node.states);
    for (const initial of node.type === 'compound' ? node.initial.target : [])
      lines.push(`${indent}[*] --> ${idOf(initial)}`);
    children.forEach((child, at) => {
      if (node.type === 'parallel' && at > 0) lines.push(`${indent}--`);
      if (Object.keys(child.states).length === 0) {
        lines.push(`${indent}${idOf(child)}: ${child.key}`);
        if (child.type === 'final') lines.push(`${indent}${idOf(child)} --> [*]`);
        return;
      }
      lines.push(`${indent}state "${child.key}" as ${idOf(child)} {`);
      nested(child, `${indent}  `);
      lines.push(`${indent}}`);
    });
  };
  nested(machine.root, '  ');
  for (const { name, from, targets } of waysOf(machine).values()) {
    // What the whole chart does at any moment has no place to begin.
    if (!from.parent) continue;
    const label = name.slice(pathOf(from).length + 2);
    for (const target of targets.length > 0 ? targets : [from])
      lines.push(`  ${idOf(from)} --> ${idOf(target)}: ${label}`);
  }
  const always = [...waysOf(machine).values()].filter(({ from }) => !from.parent);
  for (const { name, targets } of always)
    lines.push(`  %% ${name}${targets.map((one) => ` → ${pathOf(one)}`).join('')}`);
  return `${lines.join('\n')}\n`;
}

function idOf(node: AnyStateNode): string {
  return node.path.join('_').replaceAll(/\W/gu, '_');
}
