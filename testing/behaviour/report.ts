/** What a test of a behaviour says, for people and for other programs. */
import { FINDINGS, type Finding } from './findings.ts';
import { lineOf } from './steps.ts';
import type { TestReport } from './test-file.ts';

export function isSound({ findings, changed }: Pick<TestReport, 'findings' | 'changed'>): boolean {
  return findings.length === 0 && changed.length === 0;
}

/** The lines for a terminal. */
export function reportText(file: string, report: TestReport): string {
  const { findings, ways, states, conversations, pages, changed } = report;
  const lines = [
    file,
    `  transitions taken  ${ways.taken} of ${ways.of}`,
    `  states entered     ${states.entered} of ${states.of}`,
    `  conversations      ${conversations}`,
    ...(pages > 0 ? [`  pages as written   ${pages - changed.length} of ${pages}`] : []),
    ...findings.flatMap(findingLines),
    ...changed.flatMap(({ page, written, happened, unmet }) => [
      '',
      `  changed: ${page}`,
      ...(written === happened
        ? []
        : [`    - ${written ?? '(the end)'}`, `    + ${happened ?? '(the end)'}`]),
      ...unmet.map((one) => `    expected: ${one}`),
    ]),
  ];
  if (isSound(report)) lines.push('  nothing is wrong');
  return lines.join('\n');
}

/** A finding with the conversation that leads to it. */
export function findingLines({ kind, at, detail, path = [] }: Finding): readonly string[] {
  return [
    '',
    `  ${kind}: ${at}: ${detail}`,
    `    (${FINDINGS[kind]})`,
    ...path.map((step) => `    ${lineOf(step)}`),
  ];
}

/** JUnit's XML: a case for each transition and page, and for each finding that fails. */
export function junit(reports: readonly { readonly file: string; readonly report: TestReport }[]): string {
  const suites = reports.map(({ file, report }) => {
    const failures = [
      ...report.findings.map((one) => ({
        name: `${one.kind}: ${one.at}`,
        text: findingLines(one).join('\n'),
      })),
      ...report.changed.map(({ page, written, happened }) => ({
        name: `changed: ${page}`,
        text: `- ${written ?? ''}\n+ ${happened ?? ''}`,
      })),
    ];
    const passed = report.paths.flatMap(({ shows }) => shows);
    return [
      `<testsuite name="${xml(file)}" tests="${passed.length + failures.length}" failures="${failures.length}">`,
      ...passed.map((name) => `<testcase name="${xml(name)}"/>`),
      ...failures.map(
        ({ name, text }) => `<testcase name="${xml(name)}"><failure>${xml(text)}</failure></testcase>`,
      ),
      '</testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}

function xml(text: string): string {
  const marks: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
  return text.replaceAll(/[<>&"]/gu, (mark) => marks[mark] ?? mark);
}
