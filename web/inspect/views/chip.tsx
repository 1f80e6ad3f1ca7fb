/** A state as a coloured chip. Its name is written on it: colour is never the only sign. */
export function Chip({ state }: { readonly state: string }) {
  return (
    <span class="chip" data-state={state}>
      {state}
    </span>
  );
}
