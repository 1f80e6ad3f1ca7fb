/** What is found in a stretch of sound. Each suspicion is followed by one verdict. `sample`: the phrase's end, from the start of the stretch. */
export type Finding =
  | { readonly type: 'suspected'; readonly phrase: string; readonly sample: number }
  | { readonly type: 'confirmed'; readonly phrase: string }
  | { readonly type: 'refuted' };
