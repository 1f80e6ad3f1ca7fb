import type { DoorRequest } from './door.ts';
import type { Named } from './opening.ts';
import type { SessionRequest } from './session-host.ts';

/** What a host needs to know of an endpoint's request to open `session`. */
export function sessionRequestOf(
  { session, resumption }: Named,
  request: DoorRequest & { readonly language: string },
): SessionRequest {
  const { endpoint, alias, language, voice, outputRate, aheadMs, frameMs, input, output } = request;
  const { echo, playbackControl, results, attention, earReports, resumes, traceparent } = request;
  const { user } = request.caller;
  return {
    ...{ endpoint, alias, session, language, outputRate, aheadMs, frameMs },
    ...(traceparent && { traceparent }),
    ...(user !== undefined && { user }),
    ...(voice !== undefined && { voice }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(echo !== undefined && { echo }),
    ...(playbackControl && { playbackControl }),
    ...(results && { results }),
    ...(attention && { attention }),
    ...(earReports && { earReports }),
    ...(resumption && { secret: resumption.secret, proof: resumption.proof }),
    ...(resumes && { after: { session: resumes.session, secret: resumes.secret } }),
  };
}
