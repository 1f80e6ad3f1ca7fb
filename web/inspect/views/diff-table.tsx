interface DiffTableProps {
  readonly heads: readonly string[];
  /** What differs, and what it is on either side; undefined where a side has none. */
  readonly rows: readonly (readonly [string, string | undefined, string | undefined])[];
}

/** The parts of the state that are not the same on both sides. */
export function DiffTable({ heads, rows }: DiffTableProps) {
  return (
    <table class="diff" aria-label="What differs in the state">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head}>{head}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...sides]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {sides.map((text, at) => (
              <td key={at} dir="auto">
                <div class="long">{text ?? '—'}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
