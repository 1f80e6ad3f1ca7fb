import { cells, spentOf } from '../../server/analytics/render.ts';
import type { Report, ReportGroup } from '../../server/analytics/report.ts';
import { takeToken } from '../token.ts';
import { drawPlots } from './plots.ts';

const token = takeToken();
const choice = element('choice', HTMLFormElement);
const summary = element('summary', HTMLElement);
const tables = element('tables', HTMLElement);
/** A report that is in the page itself: `parley report --html`. */
const enclosed = document.getElementById('report')?.textContent;

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`the page has no ${id}`);
}

async function load(): Promise<void> {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(choice)) if (value !== '') query.set(name, String(value));
  const headers: HeadersInit = token === '' ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(`/v1/report?${query}`, { headers });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  // Made by the server of this page, of the same version.
  show(answer as Report);
}

function show({ since, sessions, total, groups, hours }: Report): void {
  const { turns, costs } = total;
  summary.textContent =
    `${turns} turns of ${sessions} sessions since ${since.slice(0, 16).replace('T', ' ')} UTC: ` +
    spentOf(costs);
  drawPlots(element('plots', HTMLElement), hours);
  tables.replaceChildren(...[total, ...groups].map(table));
}

function table({ name, turns, kpis }: ReportGroup): HTMLElement {
  const section = document.createElement('section');
  const title = document.createElement('h2');
  title.textContent = `${name}, ${turns} turns`;
  const made = document.createElement('table');
  row(made.createTHead(), 'th', ['', 'count', 'p50', 'p95', 'p99', 'goal', '']);
  const body = made.createTBody();
  for (const kpi of kpis) {
    const last = row(body, 'td', cells(kpi));
    if (kpi.met !== undefined) last.className = kpi.met ? 'met' : 'missed';
  }
  section.append(title, made);
  return section;
}

/** Adds a row; returns its last cell. */
function row(part: HTMLTableSectionElement, kind: 'th' | 'td', texts: readonly string[]): HTMLElement {
  const made = texts.map((text) => {
    const cell = document.createElement(kind);
    cell.textContent = text;
    return cell;
  });
  part.insertRow().append(...made);
  return made.at(-1) ?? part;
}

function reload(): void {
  load().catch((error: unknown) => {
    summary.textContent = `The report cannot be loaded: ${error instanceof Error ? error.message : error}`;
  });
}

if (enclosed) {
  choice.hidden = true;
  show(JSON.parse(enclosed) as Report);
} else {
  choice.addEventListener('change', reload);
  reload();
}
