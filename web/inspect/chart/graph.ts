import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import { describeChart, type StateInfo, type TransitionInfo } from '../../../machines/chart-description.ts';
import { wholeSessionMachine } from '../../../machines/session/machine.ts';
import {
  CHART_TYPE,
  type ChartLayout,
  invokedText,
  type LaidEdge,
  type WrittenTransition,
} from './layout.ts';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'PREFER_NODES',
  'elk.layered.thoroughness': '20',
} as const;

interface Drawn {
  readonly states: readonly StateInfo[];
  readonly rows: ReadonlyMap<string, readonly WrittenTransition[]>;
  readonly edges: readonly Omit<LaidEdge, 'points' | 'label'>[];
}

/** ELK's ids must not be empty. */
const ROOT = '(root)';
const idOf = (path: string) => path || ROOT;

/** The session's statechart as a graph for ELK, to be given to `layoutOf` once it is laid out. */
export function chartGraph(): ElkNode {
  const drawn = drawnChart();
  const root = drawn.states.find(({ parent }) => parent === null);
  if (!root) throw new Error('the chart has no root');
  return {
    id: 'chart',
    layoutOptions: OPTIONS,
    children: [elkNode(root, drawn)],
    edges: drawn.edges.map(elkEdge),
  };
}

/** Reads the drawing out of what ELK made of `chartGraph`. */
export function layoutOf(graph: ElkNode): ChartLayout {
  const drawn = drawnChart();
  const nodes = new Map<string, ElkNode>();
  const visit = (node: ElkNode) => {
    nodes.set(node.id, node);
    node.children?.forEach(visit);
  };
  visit(graph);
  const firsts = new Set(drawn.states.map(({ initial }) => initial));
  const edges = new Map(allEdges(graph).map((edge) => [edge.id, edge]));
  return {
    width: Math.ceil(graph.width ?? 0),
    height: Math.ceil(graph.height ?? 0),
    states: drawn.states.map(({ path, name, kind, parent, invokes }) => {
      const { x = 0, y = 0, width = 0, height = 0 } = nodes.get(idOf(path)) ?? {};
      const rows = [...(drawn.rows.get(path) ?? [])];
      const box = { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
      return { path, name, kind, parent, first: firsts.has(path), invokes: [...invokes], ...box, rows };
    }),
    edges: drawn.edges.map((edge, index) => {
      const laid = edges.get(`e${index}`);
      const [section] = laid?.sections ?? [];
      const [label] = laid?.labels ?? [];
      if (!section || !label) throw new Error(`ELK left out ${edge.from} → ${edge.to}`);
      const bends = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
      const { x = 0, y = 0, width = 0, height = 0 } = label;
      return {
        ...edge,
        points: bends.map(({ x, y }) => [rounded(x), rounded(y)] as [number, number]),
        label: { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) },
      };
    }),
  };
}

function drawnChart(): Drawn {
  const { states, transitions } = describeChart(wholeSessionMachine());
  const rows = new Map<string, WrittenTransition[]>();
  const edges = new Map<string, WrittenTransition[]>();
  for (const transition of transitions) {
    const { state, targets } = transition;
    const [target] = targets;
    // Into its own inside, or nowhere: an arrow would say no more than the words, and cross everything.
    const inside = target === undefined || target === state || state === '' || target.startsWith(`${state}.`);
    const key = inside ? state : `${state} → ${target}`;
    const group = inside ? rows : edges;
    group.set(key, [...(group.get(key) ?? []), written(transition, inside)]);
  }
  return {
    states,
    rows,
    edges: [...edges.entries()].map(([key, group]) => {
      const [from = '', to = ''] = key.split(' → ');
      return { from, to, transitions: group };
    }),
  };
}

function written({ id, state, event, guard, targets }: TransitionInfo, inside: boolean): WrittenTransition {
  const [target] = targets;
  const condition = guard === '' ? '' : ` [${guard}]`;
  const where = !inside || target === undefined ? '' : target === state ? ' ↻' : ` → ${lastOf(target)}`;
  return { id, text: `${event}${condition}${where}`, event, guard, targets: [...targets] };
}

function elkNode(state: StateInfo, drawn: Drawn): ElkNode {
  const { line, title, pad } = CHART_TYPE;
  const rows = drawn.rows.get(state.path) ?? [];
  const { small, name: wide } = CHART_TYPE;
  const head = state.name.length * wide + invokedText(state.invokes).length * small + 2 * pad;
  const width = Math.max(64, head, ...rows.map(({ text }) => text.length * small + 2 * pad));
  const height = title + rows.length * line + (rows.length > 0 ? 6 : 4);
  const within = drawn.states.filter(({ parent }) => parent === state.path);
  const id = idOf(state.path);
  if (within.length === 0) return { id, width, height };
  return {
    id,
    children: within.map((child) => elkNode(child, drawn)),
    layoutOptions: {
      'elk.padding': `[top=${height + 12},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width}, ${height})`,
    },
  };
}

function elkEdge({ from, to, transitions }: Drawn['edges'][number], index: number): ElkExtendedEdge {
  const text = transitions.map((transition) => transition.text);
  const width = Math.max(...text.map(({ length }) => length)) * CHART_TYPE.small + 6;
  return {
    id: `e${index}`,
    sources: [idOf(from)],
    targets: [idOf(to)],
    labels: [
      {
        text: text.join('\n'),
        width,
        height: text.length * CHART_TYPE.line,
        layoutOptions: { 'elk.edgeLabels.placement': 'CENTER' },
      },
    ],
  };
}

function allEdges(node: ElkNode): readonly ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(allEdges)];
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
