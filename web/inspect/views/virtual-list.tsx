import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { useResize } from './use-resize.ts';

export interface VirtualListProps {
  readonly label: string;
  readonly id: string;
  readonly count: number;
  /** Height of each row, in CSS pixels. */
  readonly rowHeight: number;
  /** Position of the selected row, kept in sight; -1 if none is. */
  readonly selected: number;
  readonly row: (position: number) => ComponentChildren;
  readonly rowClass?: (position: number) => string;
  /** A key that stays with the row when others come before it. */
  readonly rowKey?: (position: number) => string | number;
  readonly onSelect: (position: number) => void;
  /** A row was clicked, or Enter pressed on it. */
  readonly onOpen?: (position: number) => void;
  /** The last rows are in sight. */
  readonly onEnd?: () => void;
}

/** Rows kept ready above and below what is in sight. */
const SPARE = 4;
const PAGE_SHARE = 0.9;
/** In CSS pixels, until it was measured. */
const USUAL_HEIGHT = 400;

/** A list of any length of which only what is in sight exists. Arrow keys up and down move the selection. */
export function VirtualList(props: VirtualListProps) {
  const { label, id, count, rowHeight, selected, row, rowClass, rowKey, onSelect, onOpen, onEnd } = props;
  const box = useRef<HTMLDivElement>(null);
  const [measured, setMeasured] = useState(0);
  const height = measured || USUAL_HEIGHT;
  useResize(box, ({ clientHeight }) => setMeasured(clientHeight));
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // Kept here: asking the element, after something was drawn, makes the browser lay out everything there and then.
  const scrolled = useRef(0);
  const sought = useRef('');
  const wanted = `${selected} ${rowHeight} ${measured > 0}`;
  const seeks = sought.current !== wanted && selected >= 0;
  const top = seeks ? showing(selected * rowHeight, rowHeight, scrolled.current, height) : scrolled.current;

  useLayoutEffect(() => {
    const element = box.current;
    sought.current = wanted;
    if (!element || top === scrolled.current) return;
    scrolled.current = top;
    element.scrollTop = top;
  }, [wanted]);

  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
  const last = Math.min(count - 1, Math.ceil((top + height) / rowHeight) + SPARE);
  useEffect(() => {
    if (count > 0 && last === count - 1) onEnd?.();
  }, [count, last]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && selected >= 0) onOpen?.(selected);
    const page = Math.max(1, Math.floor((height / rowHeight) * PAGE_SHARE));
    const to = movedBy(event.key, selected, page);
    if (to === undefined || count === 0) return;
    event.preventDefault();
    onSelect(Math.max(0, Math.min(count - 1, to)));
  };

  // What was drawn for a row that is out of sight is used for one that came in sight.
  const slots = Math.ceil(height / rowHeight) + 2 * SPARE + 2;
  const rows = [];
  for (let at = first; at <= last; at++)
    rows.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it has the keys
      // biome-ignore lint/a11y/useFocusableInteractive: the list around it has the focus, by aria-activedescendant
      <div
        key={rowKey?.(at) ?? at % slots}
        id={`${id}-${at}`}
        role="option"
        aria-selected={at === selected}
        aria-posinset={at + 1}
        aria-setsize={count}
        class={`row ${rowClass?.(at) ?? ''} ${at === selected ? 'selected' : ''}`}
        style={{ height: `${rowHeight}px`, top: `${at * rowHeight}px` }}
        onClick={() => {
          onSelect(at);
          onOpen?.(at);
        }}
      >
        {row(at)}
      </div>,
    );

  return (
    <div
      ref={box}
      id={id}
      class="virtual"
      role="listbox"
      aria-label={label}
      aria-activedescendant={selected >= first && selected <= last ? `${id}-${selected}` : undefined}
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        if (scrollTop === scrolled.current) return;
        scrolled.current = scrollTop;
        redraw(undefined);
      }}
      onKeyDown={onKeyDown}
    >
      <div class="virtual-all" style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}

/** How far a list must be scrolled for a row to be in sight: no farther than it must. */
function showing(at: number, rowHeight: number, top: number, height: number): number {
  return Math.max(Math.min(top, at), at + rowHeight - height);
}

function movedBy(key: string, from: number, page: number): number | undefined {
  switch (key) {
    case 'ArrowUp':
      return from - 1;
    case 'ArrowDown':
      return from + 1;
    case 'PageUp':
      return from - page;
    case 'PageDown':
      return from + page;
    default:
      return undefined;
  }
}
