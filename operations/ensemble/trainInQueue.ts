/** Trains members of an ensemble by the workers of a queue: (ensemble, members, queue) -> void. */
import { Effect } from "effect"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import { awaitWorks } from "../queue/awaitWorks.ts"
import { makeWork } from "../queue/makeWork.ts"
import type { Queue } from "../queue/Queue.ts"
import type { Ensemble } from "./ensembleFile.ts"
import { MemberFailed } from "./trainInParallel.ts"
import { memberTarget, type TrainMembersOptions } from "./trainMembers.ts"

/** `members` are counted from 0. */
export const trainInQueue = Effect.fn("trainInQueue")(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<number>,
  queue: Queue["Service"],
  options: Pick<TrainMembersOptions, "overrides" | "runsDir"> & { readonly engine: EngineName },
) {
  const indices = new Map<string, number>()
  const works = yield* Effect.forEach(
    members,
    Effect.fnUntraced(function* (index) {
      const what = `member ${index + 1} of ${ensemble.name}`
      const work = yield* makeWork(memberTarget(ensemble, index, options), { what, engine: options.engine })
      indices.set(work.id, index)
      return work
    }),
  )
  yield* awaitWorks(
    queue,
    works,
    Effect.fnUntraced(function* ({ id }, { exitCode, reason, status }) {
      const member = (indices.get(id) ?? 0) + 1
      if (status !== "finished") return yield* new MemberFailed({ member, reason, exitCode })
      yield* Effect.logInfo(`member ${member} is trained`)
    }),
  )
})
