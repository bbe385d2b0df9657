/**
 * The state of a trainer: the tensors that the last call returned, one for each state input of the step's model. A variable is
 * a part of one of them.
 */
import type { Tensor } from "onnxruntime-node"
import { sizeOf } from "../trace/graph.ts"
import type { Ort } from "./runtime.ts"
import type { StateInput } from "./stateInputs.ts"

/** Frees the memory now, not at the next garbage collection: a state is tens of megabytes. */
const free = (tensor: Tensor) => {
  const { buffer } = tensor.data as Float32Array<ArrayBuffer>
  tensor.dispose()
  // A buffer that is moved leaves its memory behind.
  buffer.transfer(0)
}

export class CurrentState {
  readonly #inputs: ReadonlyArray<StateInput>
  #tensors: ReadonlyArray<Tensor>

  /** `values`: of each variable, by its name. */
  constructor(ort: Ort, inputs: ReadonlyArray<StateInput>, values: ReadonlyMap<string, Float32Array>) {
    this.#inputs = inputs
    this.#tensors = inputs.map(
      ({ shape }) => new ort.Tensor("float32", new Float32Array(sizeOf(shape)), [...shape]),
    )
    this.load(values)
  }

  /** By the name of the model's input. */
  get tensors(): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(this.#inputs.map(({ name }, i) => [name, this.#tensors[i]]))
  }

  /** The elements of each variable, not copied: valid until the next call. */
  get variables(): ReadonlyMap<string, Float32Array> {
    return new Map(
      this.#inputs.flatMap(({ members }, i) =>
        members.map(({ name, offset, shape }) => {
          const data = this.#tensors[i].data as Float32Array
          return [name, data.subarray(offset, offset + sizeOf(shape))] as const
        }),
      ),
    )
  }

  /** Frees the tensors of before. */
  replace(next: (input: string) => Tensor): void {
    this.#tensors.forEach(free)
    this.#tensors = this.#inputs.map(({ name }) => next(name))
  }

  load(values: ReadonlyMap<string, Float32Array>): void {
    for (const [name, elements] of this.variables) {
      const given = values.get(name)
      if (given === undefined) throw new Error(`no values for variable ${name}`)
      elements.set(given)
    }
  }
}
