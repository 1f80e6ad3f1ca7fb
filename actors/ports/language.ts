/**
 * Identifies the language of a text: a primary tag such as `zh`, or undefined if it is not sure. `current` (BCP 47) is
 * the language of the conversation, which short texts keep.
 */
export type IdentifyLanguage = (text: string, current: string) => string | undefined;
