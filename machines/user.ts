/** Id of a user: one word that is safe in a URL, a file name and a token. */
export const USER_ID = /^[A-Za-z0-9][\w@+.-]{0,127}$/;
export const USER_ID_RULE =
  'must be 1 to 128 letters, digits and the signs _ @ + . -, and begin with a letter or digit';
