import { LineCounter, parseDocument } from 'yaml';
import { ParleyError } from '../../machines/errors.ts';
import { buildDialog, type Fail, type Path } from './build.ts';
import type { Dialog } from './dialog.ts';
import { dialogFile } from './schema.ts';

/** Matches a line on which YAML may read a phrase's brackets as its own syntax. */
const BRACKETS = /[[{].*[[{]|^\s*(- |phrases:\s*)[[{]/;
const QUOTE_BRACKETS =
  'YAML reads [ ] and { } as its own there: put the phrase in quotes, as in phrases: ["wave [to me]"], ' +
  'or, unless it begins with one, on a line of its own, as in - wave [to me]';

/** Parses the text of a dialog file. `file` only appears in errors: DIALOG_INVALID with file, line and path. */
export function parseDialog(text: string, file = 'dialog'): Dialog {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    const hint = BRACKETS.test(text.split('\n')[line - 1] ?? '') ? `; ${QUOTE_BRACKETS}` : '';
    throw new ParleyError('DIALOG_INVALID', `${file}:${line}:${col}: ${broken.message}${hint}`, {
      cause: broken,
    });
  }

  const fail: Fail = (path, message, cause) => {
    const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
    throw new ParleyError('DIALOG_INVALID', `${file}:${lineOf(path)}: ${where}${message}`, { cause });
  };
  function lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      const start = rangeStart(node);
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  }

  const parsed = dialogFile.safeParse(toPlain(() => document.toJS({ maxAliasCount: 100 }), fail));
  if (!parsed.success) {
    const issue = deepest(parsed.error.issues);
    const list = issue.path.includes('phrases') && typeof document.getIn(issue.path) === 'object';
    return fail(issue.path, list ? `${issue.message}; ${QUOTE_BRACKETS}` : issue.message, parsed.error);
  }
  const dialog = buildDialog(parsed.data, fail);
  return parsed.data.behaviour === undefined ? dialog : { ...dialog, behaviourFile: file };
}

function toPlain(read: () => unknown, fail: Fail): unknown {
  try {
    return read();
  } catch (cause) {
    return fail([], cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}

interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

/** zod reports a union as one issue; the branch that got furthest explains what is wrong. */
function deepest(issues: readonly Issue[], base: Path = []): Issue {
  const here = issues.map((issue) => ({ ...issue, path: [...base, ...issue.path] }));
  const inner = here.flatMap((issue) =>
    (issue.errors ?? []).filter((branch) => branch.length > 0).map((branch) => deepest(branch, issue.path)),
  );
  return [...here, ...inner].reduce((best, one) => (one.path.length > best.path.length ? one : best));
}
