/**
 * The access token in the address (`#token=…`), or an empty text. A fragment never reaches a server log; the token is
 * taken out of the address at once.
 */
export function takeToken(): string {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token') ?? '';
  if (token === '') return '';
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(null, '', `${location.pathname}${location.search}${rest && `#${rest}`}`);
  return token;
}
