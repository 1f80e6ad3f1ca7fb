import type { Endpoint } from '../../door/endpoint.ts';
import type { Inspector } from './inspector.ts';

/** The inspector's pages look here: docs/inspector.md. */
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
