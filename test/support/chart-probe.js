// Runs in the inspector's page and measures the drawn chart. `probeChart(paths)` returns its problems as text.
(() => {
  const SMALLEST = 11;
  const WORDED = '.chart-name, .chart-stay, .chart-count, .chart-label, .chart-legend, .chart-open';

  function wordsOf(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect();
  }

  function within(inner, outer, slack = 0.6) {
    return (
      inner.left >= outer.left - slack &&
      inner.right <= outer.right + slack &&
      inner.top >= outer.top - slack &&
      inner.bottom <= outer.bottom + slack
    );
  }

  function overlap(a, b) {
    return (
      a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5
    );
  }

  /** True if the element, or a part of it, is on top at its centre. */
  function onTop(element, rect) {
    const found = document.elementFromPoint((rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2);
    return found !== null && element.contains(found);
  }

  function activeProblems(panel, paths) {
    return paths.flatMap((path) => {
      const item = panel.querySelector(`[role="treeitem"][data-id="${path}"]`);
      const name = item?.querySelector('.chart-name');
      if (!name) return [`${path} is not drawn`];
      const rect = wordsOf(name);
      const seen = panel.querySelector('.chart-window').getBoundingClientRect();
      if (!within(rect, seen) || rect.bottom > innerHeight || rect.top < 0)
        return [`${path} is out of sight`];
      return onTop(item, rect) ? [] : [`${path} is covered`];
    });
  }

  function wordProblems(panel) {
    const all = [...panel.querySelectorAll(WORDED)].map((element) => ({ element, rect: wordsOf(element) }));
    const name = ({ textContent }) => `"${textContent.trim()}"`;
    return all.flatMap(({ element, rect }, index) => {
      const problems = [];
      const size = Number.parseFloat(getComputedStyle(element).fontSize);
      if (size < SMALLEST) problems.push(`${name(element)} is ${size} px`);
      const box = (element.closest('[role="treeitem"]') ?? element).getBoundingClientRect();
      if (!within(rect, box)) problems.push(`${name(element)} is wider than its box`);
      // It may extend below: parts that the user opened can be scrolled to.
      const { left, right } = panel.getBoundingClientRect();
      if (rect.left < left || rect.right > right) problems.push(`${name(element)} leaves the panel`);
      for (const other of all.slice(index + 1))
        if (overlap(rect, other.rect)) problems.push(`${name(element)} lies on ${name(other.element)}`);
      return problems;
    });
  }

  function buttonProblems(panel) {
    return [...panel.querySelectorAll('button')].flatMap((button) => {
      const rect = button.getBoundingClientRect();
      return onTop(button, rect) ? [] : [`the button "${button.textContent}" is covered`];
    });
  }

  window.probeChart = (paths) => {
    const panel = document.querySelector('.chart-panel');
    panel.scrollIntoView({ block: 'start' });
    return [...activeProblems(panel, paths), ...wordProblems(panel), ...buttonProblems(panel)];
  };

  const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

  /** Seeks and measures each moment: `cases` contain a record, the paths active after it, and its transitions. */
  window.probeAll = async (cases) => {
    const effects = new Map(cases.map(({ record, explained }) => [record, explained]));
    // The transitions come from the model, because the records are a selection of moments, not one session.
    inspector.open.explainAt = (index) => effects.get(index);
    inspector.open.tracer.at = () => undefined;
    const problems = [];
    for (const { record, active, name, label } of cases) {
      inspector.open.seekRecord(record);
      await painted();
      const found = window.probeChart(active);
      if (label && !document.querySelector('.chart-label')?.textContent.includes(label))
        found.push(`no label says ${label}`);
      problems.push(...found.map((problem) => `${name}: ${problem}`));
    }
    return problems;
  };
})();
