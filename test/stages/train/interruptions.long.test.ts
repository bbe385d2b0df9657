/** Training is killed at every iteration, and stopped with every kind of state. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { optimizers } from "../../../schemas/index.ts"
import { attempt, contents, live, scratch, tiny } from "./attempt.ts"
import { assertKills } from "./kills.ts"

/** With averages in the state, and the other options of an update. */
const averaged = tiny({
  averaging: { decay: 0.8 },
  optimizer: optimizers.adamw({ learningRate: 0.05, clip: { globalNorm: 0.5 } }),
  labelSmoothing: 0.1,
})

describe("train", () => {
  it.live("ends with the same bytes whichever iteration it was killed at, twice", () => live(assertKills(1)))

  it.live("with averaged weights ends with the same bytes whichever iteration it was stopped at", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole, { experiment: averaged })
        const expected = yield* contents(whole)
        for (const stopAt of [1, 4, 5, 7, 16, 21]) {
          const folder = yield* scratch
          yield* attempt(folder, { experiment: averaged, stopAt })
          yield* attempt(folder, { experiment: averaged, chunk: 3 })
          assert.deepStrictEqual(yield* contents(folder), expected, `stopped at ${stopAt}`)
        }
      }),
    ),
  )
})
