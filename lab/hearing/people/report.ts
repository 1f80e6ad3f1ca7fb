import type { GrammarName, Group } from './trials.ts';

/** What was understood in one trial under one condition, whether it was accepted or not. */
export interface Observation {
  readonly name: string;
  readonly group: Group;
  readonly grammar: GrammarName;
  /** A condition of `HearOptions`. */
  readonly noise: string;
  /** Whether the speech belongs to the grammar. */
  readonly meant: boolean;
  /** Empty if no sentence fits. */
  readonly text: string;
  readonly right: boolean;
  readonly accepted: boolean;
  readonly confidence: number;
  /** What the sentence does. */
  readonly does?: 'stops' | 'acts';
  /** The thresholds that are set for the sentence by default… */
  readonly asking: Asking;
  /** …and, if the verdict was fitted, those fitted to the other half. */
  readonly fitted?: Asking;
  readonly audioMs: number;
  readonly cpuMs: number;
}

/** Confidence from which on a sentence is taken at once, and from which on it is asked about. */
export interface Asking {
  readonly below: number;
  readonly nearestAbove: number;
}

/** Shares of false accepts for which the curve is printed. */
const CURVE = [0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0] as const;
const BINS = [0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001] as const;

/** Tables in Markdown: what is right, the curve of what would be right at other thresholds, and how reliable the confidence is. */
export function report(all: readonly Observation[]): string {
  const noises = [...new Set(all.map(({ noise }) => noise))];
  return [
    ...noises.flatMap((noise) => [
      `### ${noise === 'clean' ? 'Clean' : noise.replace(' ', ' dB below, ').replace('+', ', ')}`,
      '',
      ...tables(all.filter((one) => one.noise === noise)),
    ]),
    ...reliability(all),
  ].join('\n');
}

/** The lowest confidence above which at most `share` of other speech is. @internal */
export function confidenceAt(
  all: readonly Pick<Observation, 'meant' | 'confidence'>[],
  share: number,
): number {
  const others = all.filter(({ meant }) => !meant).map(({ confidence }) => confidence);
  return others.toSorted((a, b) => b - a)[Math.floor(share * others.length)] ?? 0;
}

function tables(all: readonly Observation[]): readonly string[] {
  const groups = [...new Set(all.map(({ group }) => group)), undefined];
  return [
    '| speech | right | wrong | rejected | best sentence right | other speech | false accepts | false stops |',
    '|---|---|---|---|---|---|---|---|',
    ...groups.map((group) => {
      const some = all.filter((one) => group === undefined || one.group === group);
      const got = counts(some, ({ accepted }) => accepted);
      const best = counts(some, () => true);
      return `| ${group ?? '**all**'} | ${share(got.right, got.meant)} | ${got.wrong} | ${got.meant - got.right - got.wrong} | ${share(best.right, got.meant)} | ${got.others} | ${share(got.falseAccepts, got.others)} | ${got.falseStops} |`;
    }),
    '',
    '| false accepts allowed | right | wrong | false accepts | confidence above |',
    '|---|---|---|---|---|',
    ...CURVE.map((allowed) => {
      const least = confidenceAt(all, allowed);
      const got = counts(all, ({ confidence }) => confidence > least);
      return `| ${allowed * 100} % | ${share(got.right, got.meant)} | ${got.wrong} | ${share(got.falseAccepts, got.others)} | ${least.toFixed(3)} |`;
    }),
    '',
    ...asked(all, 'asking back, as it ships', ({ asking }) => asking),
    ...(all.some(({ fitted }) => fitted)
      ? asked(all, 'asking back, thresholds of the other half', ({ fitted, asking }) => fitted ?? asking)
      : []),
  ];
}

/** What would be right if the machine asked back when it is unsure. */
function asked(
  all: readonly Observation[],
  title: string,
  thresholds: (one: Observation) => Asking,
): readonly string[] {
  const known = all.filter(({ text }) => text !== '');
  const atOnce = known.filter((one) => one.confidence >= thresholds(one).below);
  const inDoubt = known.filter(
    (one) => one.confidence < thresholds(one).below && one.confidence >= thresholds(one).nearestAbove,
  );
  const meant = all.filter((one) => one.meant).length;
  const right = (some: readonly Observation[]) => some.filter((one) => one.right).length;
  const others = (some: readonly Observation[]) => some.filter((one) => !one.meant).length;
  const total = all.length - meant;
  return [
    `| ${title} | right | wrong | other speech | acts or stops |`,
    '|---|---|---|---|---|',
    ...[
      { name: 'at once', some: atOnce },
      { name: 'asked about', some: inDoubt },
      { name: 'at once or asked about', some: [...atOnce, ...inDoubt] },
    ].map(({ name, some }) => {
      const doing = some.filter((one) => !one.meant && one.does !== undefined).length;
      return `| ${name} | ${share(right(some), meant)} | ${some.length - right(some) - others(some)} | ${share(others(some), total)} | ${doing} |`;
    }),
    '',
  ];
}

function counts(all: readonly Observation[], isAccepted: (one: Observation) => boolean) {
  const accepted = all.filter((one) => one.text !== '' && isAccepted(one));
  const meant = all.filter((one) => one.meant).length;
  return {
    ...{ meant, others: all.length - meant },
    right: accepted.filter((one) => one.right).length,
    wrong: accepted.filter((one) => one.meant && !one.right).length,
    falseAccepts: accepted.filter((one) => !one.meant).length,
    falseStops: accepted.filter((one) => !one.meant && one.does === 'stops').length,
  };
}

function reliability(all: readonly Observation[]): readonly string[] {
  const sure = all.filter(({ text }) => text !== '');
  const bins = BINS.slice(0, -1).map((low, i) =>
    sure.filter(({ confidence }) => confidence >= low && confidence < (BINS[i + 1] ?? 2)),
  );
  return [
    ...['### Confidence', '', '| mean confidence | sentences | right |', '|---|---|---|'],
    ...bins
      .filter((bin) => bin.length > 0)
      .map((bin) => {
        const mean = bin.reduce((sum, { confidence }) => sum + confidence, 0) / bin.length;
        const right = bin.filter((one) => one.right).length;
        return `| ${mean.toFixed(2)} | ${bin.length} | ${((right / bin.length) * 100).toFixed(0)} % |`;
      }),
    '',
    ...[
      '### Processor time, as a share of the audio',
      '',
      '| speech | grammar | in all | median | p95 |',
      '|---|---|---|---|---|',
    ],
    ...[...new Set(all.map(kindOf)), undefined].map((kind) => {
      const some = all.filter((one) => kind === undefined || kindOf(one) === kind);
      return `| ${kind ?? '**all** | '} | ${processorTime(some)} |`;
    }),
  ];
}

function kindOf({ group, meant }: Observation): string {
  return `${group} | ${meant ? 'its own' : 'another'}`;
}

/** In all, and of half and of 95 % of the utterances at most. @internal */
export function processorTime(all: readonly Pick<Observation, 'cpuMs' | 'audioMs'>[]): string {
  const total = (what: 'cpuMs' | 'audioMs') => all.reduce((sum, one) => sum + one[what], 0);
  const sorted = all.map(({ cpuMs, audioMs }) => cpuMs / audioMs).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return [total('cpuMs') / total('audioMs'), at(0.5), at(0.95)].map((one) => one.toFixed(2)).join(' | ');
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${part} of ${whole} (${((part / whole) * 100).toFixed(1)} %)`;
}
