import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';

type WithoutId<Event> = Event extends unknown ? Omit<Event, 'event_id'> : never;

/** A server event of the API, before it gets its `event_id`. The client library's own types check each of them. */
export type ServerEvent = WithoutId<RealtimeServerEvent>;
