import { type Access, bearerOf } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendError, sendJson } from '../../door/http.ts';

const ABOUT_PATH = '/v1/about';

/** A warning about the server's configuration for its users. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

/** Content of the talk page before the conversation. */
export interface About {
  /** Example phrases of the dialog. */
  readonly phrases: readonly string[];
  readonly notices: readonly Notice[];
}

/** `GET /v1/about`: example phrases and the server's notices, for clients that may open a session. */
export function aboutEndpoint({
  about,
  access,
}: {
  readonly about?: About | undefined;
  readonly access: Pick<Access, 'holder'>;
}): Endpoint | undefined {
  return (
    about && {
      name: 'about',
      routes(request, response, path) {
        if (path !== ABOUT_PATH) return false;
        if (!onlyReads(request, response)) return true;
        access.holder(bearerOf(request)).then(
          () => sendJson(response, 200, about),
          (thrown: unknown) => sendError(response, thrown),
        );
        return true;
      },
    }
  );
}
