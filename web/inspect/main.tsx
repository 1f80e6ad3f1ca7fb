import { render } from 'preact';
import { Inspector } from './app/inspector.ts';
import { type ChartLayout, chartLayout } from './chart/layout.ts';
import { Page } from './views/page.tsx';

/** Asked for at once, so that the page lives on when its server does not. */
async function loadLayout(): Promise<ChartLayout> {
  const response = await fetch(new URL('chart.json', import.meta.url));
  return chartLayout.parse(await response.json());
}

// A token in the fragment (#token=…) never reaches a server log; it is taken out of the address at once.
const fragment = new URLSearchParams(location.hash.slice(1));
const token = fragment.get('token') ?? '';
if (token) {
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(null, '', `${location.pathname}${location.search}${rest ? `#${rest}` : ''}`);
}

const inspector = new Inspector(token);
const root = document.getElementById('root');
if (root) render(<Page inspector={inspector} layout={loadLayout()} />, root);
inspector.start();

/** A debugging aid, read only. */
Object.defineProperty(window, 'inspector', { value: inspector });
