/** Trains members of an ensemble by the workers of a queue: (ensemble, members, queue) -> void. */
import { Effect } from "effect"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import { isRunOf } from "../../storage/runNames.ts"
import { makePuller } from "../../storage/share/pullRun.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { awaitJobs } from "../queue/awaitJobs.ts"
import { awaitStore } from "../queue/awaitStore.ts"
import { makeJob } from "../queue/makeJob.ts"
import type { Queue } from "../queue/Queue.ts"
import type { Ensemble } from "./ensembleFile.ts"
import { MemberFailed } from "./trainInParallel.ts"
import { memberTarget, type TrainMembersOptions } from "./trainMembers.ts"

/** Copies the runs of the members that machines have shared in a store. */
export const copyMembers = Effect.fn("copyMembers")(function* (
  ensemble: Ensemble,
  store: ObjectStore,
  options: Pick<TrainMembersOptions, "overrides" | "runsDir">,
) {
  const fingerprints = ensemble.members.map((_, index) => memberTarget(ensemble, index, options).fingerprint)
  const { pullAll } = yield* makePuller(store, options.runsDir)
  yield* awaitStore(pullAll((run) => fingerprints.some((fingerprint) => isRunOf(run, fingerprint))))
})

/** `members` are counted from 0. */
export const trainInQueue = Effect.fn("trainInQueue")(function* (
  ensemble: Ensemble,
  members: ReadonlyArray<number>,
  queue: Queue["Service"],
  options: Pick<TrainMembersOptions, "overrides" | "runsDir"> & { readonly engine: EngineName },
) {
  const indices = new Map<string, number>()
  const jobs = yield* Effect.forEach(
    members,
    Effect.fnUntraced(function* (index) {
      const what = `member ${index + 1} of ${ensemble.name}`
      const job = yield* makeJob(memberTarget(ensemble, index, options), { what, engine: options.engine })
      indices.set(job.id, index)
      return job
    }),
  )
  yield* awaitJobs(
    queue,
    jobs,
    Effect.fnUntraced(function* ({ id }, { exitCode, reason, status }) {
      const member = (indices.get(id) ?? 0) + 1
      if (status !== "finished") return yield* new MemberFailed({ member, reason, exitCode })
      yield* Effect.logInfo(`member ${member} is trained`)
    }),
  )
})
