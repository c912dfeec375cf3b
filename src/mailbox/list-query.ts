/** A page of a list: the `size` items after the first `skip`, or those below the border `before`. */
export interface PageQuery {
  readonly size: number;
  readonly skip: number;
  readonly before?: number | undefined;
}

/** What changed since a cursor. */
export interface DeltaQuery {
  readonly since: number;
  readonly size: number;
  readonly maxChanges: number;
}
