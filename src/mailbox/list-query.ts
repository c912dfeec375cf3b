/** A page of a list: the `size` items after the first `skip`, or those below the border `before`. */
export interface PageQuery {
  readonly size: number;
  readonly skip: number;
  readonly before?: number | undefined;
}

/** A page of one conversation: also the `size` messages just newer than seq `after`, or those around a seq. */
export interface SeqPageQuery extends PageQuery {
  readonly after?: number | undefined;
  readonly around?: number | undefined;
}

/** What changed since a cursor. */
export interface DeltaQuery {
  readonly since: number;
  readonly size: number;
  readonly maxChanges: number;
}
