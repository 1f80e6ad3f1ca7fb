import { render } from 'preact';
import { takeToken } from '../token.ts';
import { Inspector } from './app/inspector.ts';
import { Page } from './views/page.tsx';

const inspector = new Inspector(takeToken());
const root = document.getElementById('root');
if (root) render(<Page inspector={inspector} />, root);
inspector.start();

/** A debugging aid; read-only. */
Object.defineProperty(window, 'inspector', { value: inspector });
