/**
 * Whether a network with own code can be trained: (experiment, sizes) -> nothing, or why not.
 *
 * The training step and the prediction are traced twice. The two traces must be equal: what a layer does must not depend on how
 * often it ran. An operation that cannot be traced is no failure here: the reference engine does not trace.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { TraceRefused } from "../../engines/trace/backend.ts"
import { reachable, type Value } from "../../engines/trace/graph.ts"
import { trace } from "../../engines/trace/trace.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { describeThrown, OwnCodeFailed, titlesOf, type Use } from "../code/load.ts"
import { frameOf, withDeepStacks } from "../../schemas/ownCode/frames.ts"
import { usesOfNetwork } from "../code/uses.ts"
import { buildProgram, type Network } from "./model.ts"

const batchSize = 2

/** Equal for traces of the same operations. */
const textOf = (outputs: ReadonlyArray<Value>) => {
  const values = reachable(outputs)
  const numbers = new Map(values.map((value, i) => [value, i]))
  return values
    .map(({ attributes, inputs, op, shape }) => {
      const constant = "data" in attributes ? [...attributes.data] : attributes
      return `${op}(${inputs.map((input) => numbers.get(input)).join()})${JSON.stringify(constant)}[${shape.join()}]`
    })
    .join("\n")
}

const traceOnce = (network: Network) => {
  const step = trace(network.variables, network.feeds, network.step)
  const predict = trace(
    network.variables,
    [{ name: "images", shape: [batchSize, ...network.inputShape] }],
    ({ images }) => ({ probabilities: network.probabilities(images as tf.Tensor4D) }),
  )
  return textOf([
    step.outputs.loss,
    step.outputs.errorRate,
    ...step.variables.map(({ next }) => next),
    predict.outputs.probabilities,
  ])
}

/** What own code did outside of its own call, such as in a gradient: the place tells which function it was. */
const failedAt = (uses: ReadonlyArray<Use>, thrown: unknown, problem: string) => {
  const file = thrown instanceof Error ? frameOf(thrown.stack)?.file : undefined
  const there = uses.filter(({ reference }) => reference.module === file)
  return new OwnCodeFailed({ what: titlesOf(there.length === 0 ? uses : there), problem })
}

export const checkStep = Effect.fn("checkStep")(function* (
  experiment: Experiment,
  sizes: { readonly imageShape: readonly [number, number, number]; readonly classes: number },
) {
  const uses = usesOfNetwork(experiment)
  if (uses.length === 0) return
  const what = titlesOf(uses)
  const { classes, imageShape: inputShape } = sizes
  const network = yield* buildProgram({ ...experiment, batchSize, classes, inputShape })
  const failure = withDeepStacks(() => {
    try {
      if (traceOnce(network) === traceOnce(network)) return undefined
      const problem = "it does something else when it runs a second time; keep nothing between calls"
      return new OwnCodeFailed({ what, problem })
    } catch (thrown) {
      if (thrown instanceof OwnCodeFailed) return thrown
      if (!(thrown instanceof TraceRefused)) {
        return failedAt(uses, thrown, `the training step fails: ${describeThrown(thrown)}`)
      }
      const { detail, isMisuse, layer } = thrown
      return isMisuse
        ? failedAt(uses, thrown, `layer ${layer}: ${describeThrown(thrown, detail)}`)
        : undefined
    }
  })
  if (failure !== undefined) return yield* failure
}, Effect.scoped)
