/** Answer of `GET /v1/about`. */
export interface About {
  readonly phrases: readonly string[];
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

const NOTHING: About = { phrases: [], notices: [] };

/** Suggested phrases and notices; none if the server cannot be reached, refuses the token or is older than this page. */
export async function askAbout(token: string): Promise<About> {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(new URL('v1/about', document.baseURI), { headers, cache: 'no-store' });
    if (!response.ok) return NOTHING;
    const { phrases, notices }: Partial<About> = await response.json();
    return Array.isArray(phrases) && Array.isArray(notices) ? { phrases, notices } : NOTHING;
  } catch {
    // The page works without it, and the connection reports that the server cannot be reached.
    return NOTHING;
  }
}
