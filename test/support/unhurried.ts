/**
 * Configuration of a server that is not about overload: it begins everything, however busy the machine of the tests is, and keeps
 * it no busier than it must: the stop spotter takes 0.9 s of processor time.
 */
export const UNHURRIED = {
  PARLEY_LIMITS_LOOP_DELAY_MS: '60000',
  PARLEY_LIMITS_NEW_SESSIONS: '100000',
  PARLEY_OVERLOAD_WORSE_MS: '3600000',
  PARLEY_VOICE_STOP_LISTEN: 'never',
};
