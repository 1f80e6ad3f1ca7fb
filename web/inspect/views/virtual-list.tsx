import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

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
  /** A key that stays with the row when others come before it; default its position. */
  readonly rowKey?: (position: number) => string | number;
  readonly onSelect: (position: number) => void;
  /** A row was clicked, or Enter pressed on it. */
  readonly onOpen?: (position: number) => void;
  /** The last rows are in sight. */
  readonly onEnd?: () => void;
}

/** Rows kept ready above and below what is in sight. */
const SPARE = 8;
const PAGE_SHARE = 0.9;

/** A list of any length of which only what is in sight exists. Arrow keys up and down move the selection. */
export function VirtualList(props: VirtualListProps) {
  const { label, id, count, rowHeight, selected, row, rowClass, rowKey, onSelect, onOpen, onEnd } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || selected < 0) return;
    const at = selected * rowHeight;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = at + rowHeight - element.clientHeight;
    setTop(element.scrollTop);
  }, [selected, rowHeight]);

  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
  const last = Math.min(count - 1, Math.ceil((top + height) / rowHeight) + SPARE);
  useEffect(() => {
    if (count > 0 && last === count - 1) onEnd?.();
  }, [count, last]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && selected >= 0) onOpen?.(selected);
    const page = Math.max(1, Math.floor((height / rowHeight) * PAGE_SHARE));
    const to = moved(event.key, selected, page);
    if (to === undefined || count === 0) return;
    event.preventDefault();
    onSelect(Math.max(0, Math.min(count - 1, to)));
  };

  const rows = [];
  for (let at = first; at <= last; at++)
    rows.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it has the keys
      // biome-ignore lint/a11y/useFocusableInteractive: the list around it has the focus, by aria-activedescendant
      <div
        key={rowKey?.(at) ?? at}
        id={`${id}-${at}`}
        role="option"
        aria-selected={at === selected}
        aria-posinset={at + 1}
        aria-setsize={count}
        class={`row ${rowClass?.(at) ?? ''} ${at === selected ? 'selected' : ''}`}
        style={{ height: `${rowHeight}px`, transform: `translateY(${at * rowHeight}px)` }}
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
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div class="virtual-all" style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}

function moved(key: string, from: number, page: number): number | undefined {
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
