/** Position of the last item for which `holds` is true, in a list in which it is true up to some item; -1 if for none. */
export function lastWhere<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = -1;
  for (let high = items.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) low = middle;
    else high = middle - 1;
  }
  return low;
}
