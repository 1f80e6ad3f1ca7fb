import type {
  RecordChange,
  SessionRecord,
  SessionRecordHead,
  SessionRecords,
} from '../../actors/ports/session-records.ts';
import type { RecordHeadRow } from './record-statements.ts';
import type { SqliteThread } from './sqlite-journal.ts';

/** How often a watch looks for changes of other processes, ms. */
const LOOK_MS = 250;

/** Session records in the store's SQLite file. Other processes of the data directory share them. */
export function sqliteRecords({ write, writeInTime, read }: SqliteThread): SessionRecords {
  return {
    async load(session) {
      const row = await read('record', session);
      if (!row) return undefined;
      return { record: { ...headOf(row), snapshot: row.snapshot }, revision: row.revision };
    },
    async save(session, record, revision, urgent = false) {
      const one = { op: 'saveRecord', args: rowOf(session, record, revision) } as const;
      await (urgent
        ? write(one)
        : new Promise<void>((resolve, reject) => {
            writeInTime(one, (error) => (error ? reject(error) : resolve()));
          }));
      return revision + 1;
    },
    delete: (session, revision) => write({ op: 'deleteRecord', args: { session, revision } }),
    async watch(onChange) {
      const known = new Map<string, number>();
      let timer: NodeJS.Timeout | undefined;
      let isOver = false;
      const look = async () => {
        const rows = await read('recordHeads', null);
        if (!isOver) for (const change of changes(rows, known)) onChange(change);
      };
      const lookLater = () => {
        if (!isOver)
          timer = setTimeout(
            () =>
              void look()
                .catch(() => {})
                .then(lookLater),
            LOOK_MS,
          ).unref();
      };
      await look();
      lookLater();
      return () => {
        isOver = true;
        clearTimeout(timer);
      };
    },
  };
}

/** What is new in `rows`, and notes it in `known`. */
function changes(rows: readonly RecordHeadRow[], known: Map<string, number>): readonly RecordChange[] {
  const present = new Set(rows.map(({ session }) => session));
  const gone = [...known].filter(([session]) => !present.has(session));
  const changed = rows.filter(({ session, revision }) => known.get(session) !== revision);
  for (const [session] of gone) known.delete(session);
  for (const { session, revision } of changed) known.set(session, revision);
  return [
    ...gone.map(([session, revision]) => ({ session, revision, head: undefined })),
    ...changed.map((row) => ({ session: row.session, revision: row.revision, head: headOf(row) })),
  ];
}

function headOf(row: RecordHeadRow): SessionRecordHead {
  const { owner, epoch, leaseUntilMs, contextVersion, startedAt, language, user, proof } = row;
  const opening = { startedAt, language, ...(user !== undefined && { user }), proof };
  return { owner, epoch, leaseUntilMs, contextVersion, opening };
}

function rowOf(session: string, { opening, ...record }: SessionRecord, revision: number) {
  return { session, ...record, ...opening, revision };
}
