/** Anything that survives JSON unchanged. Journal entries and messages consist of this type. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
