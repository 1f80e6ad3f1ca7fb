import { z } from 'zod';
import type { AnalyticsStore } from '../../../actors/ports/analytics.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { readReport } from '../../analytics/read.ts';
import { GROUPINGS } from '../../analytics/report.ts';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendError, sendJson } from '../../door/http.ts';

const REPORT_PATH = '/v1/report';
/** Of the page. */
const PAGE = '/inspect/report';
const HOUR_MS = 3_600_000;

const query = z.object({
  hours: z.coerce
    .number()
    .positive()
    .max(24 * 366)
    .default(24),
  by: z.enum(GROUPINGS).exactOptional(),
});

/** `GET /v1/report?hours=24&by=day`: the figures of `parley report`, for operators. The page that shows them is at `/inspect/report`. */
export function reportEndpoint({
  analytics,
  access,
}: {
  readonly analytics?: AnalyticsStore | undefined;
  readonly access: Access;
}): Endpoint | undefined {
  if (!analytics) return undefined;
  const answer = async (search: URLSearchParams) => {
    const parsed = query.safeParse(Object.fromEntries(search));
    if (!parsed.success) throw new ParleyError('BAD_FIELD', z.prettifyError(parsed.error));
    const { hours, by } = parsed.data;
    return readReport(analytics, new Date(Date.now() - hours * HOUR_MS).toISOString(), by);
  };
  return {
    name: 'report',
    routes(request, response, path) {
      if (path === PAGE) {
        // With the slash, relative URLs of the page resolve correctly.
        response.writeHead(308, { Location: `${PAGE}/` }).end();
        return true;
      }
      if (path !== REPORT_PATH) return false;
      if (!onlyReads(request, response)) return true;
      access
        .permit(request, 'inspect')
        .then(() => answer(new URL(request.url ?? '/', 'http://host').searchParams))
        .then(
          (report) => sendJson(response, 200, report),
          (thrown: unknown) => sendError(response, thrown),
        );
      return true;
    },
  };
}
