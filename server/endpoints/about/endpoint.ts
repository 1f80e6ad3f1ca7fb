import { type Access, bearerOf } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendJson, sendText } from '../../door/http.ts';

const ABOUT_PATH = '/v1/about';

/** Something about the server's configuration that its users should know. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

/** What a page shows before the first word. */
export interface About {
  /** A few phrases of the dialog. */
  readonly phrases: readonly string[];
  readonly notices: readonly Notice[];
}

/** `GET /v1/about`: phrases to begin with and the server's notices, for whoever may open a session. */
export function aboutEndpoint({
  about,
  access,
}: {
  readonly about?: About | undefined;
  readonly access: Pick<Access, 'tokenAccepted'>;
}): Endpoint | undefined {
  return (
    about && {
      name: 'about',
      routes(request, response, path) {
        if (path !== ABOUT_PATH) return false;
        if (!onlyReads(request, response)) return true;
        if (access.tokenAccepted(bearerOf(request))) sendJson(response, 200, about);
        else {
          response.setHeader('WWW-Authenticate', 'Bearer');
          sendText(response, 401, 'the token is missing or wrong');
        }
        return true;
      },
    }
  );
}
