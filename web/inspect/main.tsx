import { render } from 'preact';
import { Inspector } from './app/inspector.ts';
import { Page } from './views/page.tsx';

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
if (root) render(<Page inspector={inspector} />, root);
inspector.start();

/** A debugging aid; read-only. */
Object.defineProperty(window, 'inspector', { value: inspector });
