import type { Endpoint } from '../../door/endpoint.ts';
import type { Inspector } from './inspector.ts';

/** HTTP and WebSocket endpoint of the inspector's pages: docs/how-to/debug.md. */
export function inspect({ inspector }: { readonly inspector?: Inspector | undefined }): Endpoint | undefined {
  return (
    inspector && {
      name: 'inspect',
      routes: inspector.route,
      upgrade: inspector.upgrade,
      close: () => inspector.close(),
    }
  );
}
