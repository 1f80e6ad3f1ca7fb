/** Whether two long words differ by one inserted, removed or changed letter, or by two swapped neighbours. */
export function misspelt(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  if (shorter < 5 || Math.abs(a.length - b.length) > 1 || a === b) return false;
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  if (Math.max(a.length, b.length) - head - tail <= 1) return true;
  return (
    a.length === b.length &&
    a.length - head - tail === 2 &&
    a[head] === b[head + 1] &&
    a[head + 1] === b[head]
  );
}
