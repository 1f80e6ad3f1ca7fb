import * as z from 'zod/mini';

const about = z.object({
  phrases: z.array(z.string()),
  notices: z.array(z.object({ code: z.string(), message: z.string() })),
});

/** Answer of `GET /v1/about`. */
export type About = z.infer<typeof about>;

const NOTHING: About = { phrases: [], notices: [] };

/** Suggested phrases and notices; none if the server cannot be reached, refuses the token or is older than this page. */
export async function askAbout(token: string): Promise<About> {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(new URL('v1/about', document.baseURI), { headers, cache: 'no-store' });
    if (!response.ok) return NOTHING;
    const parsed = z.safeParse(about, await response.json());
    return parsed.success ? parsed.data : NOTHING;
  } catch {
    // The page works without it, and the connection reports that the server cannot be reached.
    return NOTHING;
  }
}
