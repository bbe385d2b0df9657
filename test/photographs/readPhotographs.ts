/** Reads photographs of one kind: (predictor, seed, kind, count) -> what each is read as, or the reason why not. */
import { Effect, Result } from "effect"
import type { Predictor } from "../../inspect/predictor.ts"
import type { Doubt } from "../../stages/preprocess/Doubt.ts"
import { prepareImage } from "../../stages/preprocess/prepare.ts"
import { argmax } from "../../stages/statistics/proportions.ts"
import { type Photograph, photographOf } from "./photographSet.ts"

export interface Reading {
  readonly photograph: Photograph
  /** The label; undefined if the photograph was refused. */
  readonly read: number | undefined
  readonly doubts: ReadonlyArray<Doubt>
  readonly reason?: string
}

export const readPhotographs = Effect.fnUntraced(function* (
  { dataset, names, preparation, probabilities }: Predictor,
  seed: number,
  kind: string,
  count: number,
) {
  return yield* Effect.forEach(
    Array.from({ length: count }, (_, number) => number),
    Effect.fnUntraced(function* (number) {
      const photograph = yield* Effect.promise(() => photographOf(seed, kind, number))
      const prepared = yield* Effect.result(
        prepareImage(photograph.bytes, `${kind} ${number}`, dataset, preparation),
      )
      if (Result.isFailure(prepared)) {
        return { photograph, read: undefined, doubts: [], reason: prepared.failure.message } satisfies Reading
      }
      const { doubts, pixels } = prepared.success
      const read = argmax(yield* probabilities([pixels]), 0, names.length)
      return { photograph, read, doubts } satisfies Reading
    }),
  )
})
