import * as z from 'zod/mini';

const about = z.object({
  phrases: z.array(z.string()),
  notices: z.array(z.object({ code: z.string(), message: z.string() })),
});

/** What a server says of itself before anybody has spoken. */
export type About = z.infer<typeof about>;

const NOTHING: About = { phrases: [], notices: [] };

/** Asks `GET /v1/about`. A server that does not answer, or wants another token, has nothing to say. */
export async function askAbout(token: string): Promise<About> {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(new URL('v1/about', document.baseURI), { headers, cache: 'no-store' });
    if (!response.ok) return NOTHING;
    const parsed = z.safeParse(about, await response.json());
    return parsed.success ? parsed.data : NOTHING;
  } catch {
    // The page works without it; that the server cannot be reached is for the connection to say.
    return NOTHING;
  }
}
