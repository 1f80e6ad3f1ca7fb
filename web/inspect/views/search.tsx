/** The search field of a list; `/` leads to it. */
export function Search(props: {
  readonly label: string;
  readonly title?: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
}) {
  return (
    <label class="grow">
      <span class="sr-only">{props.label}</span>
      <input
        type="search"
        placeholder="Search ( / )"
        title={props.title}
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
    </label>
  );
}
