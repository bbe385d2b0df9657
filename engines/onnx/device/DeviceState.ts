/**
 * The state of a trainer on a device: tensors by name, which a step replaces by its outputs.
 *
 * During a call the tensors from before it are kept, so a call that fails leaves the state as it was.
 */
import type { Tensor } from "onnxruntime-node"
import type { State } from "../../Engine.ts"
import { sizeOf } from "../../trace/graph.ts"
import { floatTensor, type Ort } from "../runtime.ts"
import type { StateInput } from "../stateInputs.ts"
import { type Carried, readName } from "./compileForDevice.ts"

export type Tensors = Readonly<Record<string, Tensor>>

/** Memory of the device is freed when it is disposed, not by the garbage collector. */
export const freeDevice = (tensors: Tensors): void => {
  for (const tensor of Object.values(tensors)) if (tensor.location === "gpu-buffer") tensor.dispose()
}

/** The variables' values as tensors of the state inputs. `state` has every variable. */
export const packState = (ort: Ort, inputs: ReadonlyArray<StateInput>, state: State): Tensors => {
  const dataOf = new Map(state.map(({ data, name }) => [name, data]))
  return Object.fromEntries(
    inputs.map(({ members, name, shape }) => {
      const packed = new Float32Array(sizeOf(shape))
      for (const member of members) packed.set(dataOf.get(member.name) ?? [], member.offset)
      return [name, floatTensor(ort, packed, shape)]
    }),
  )
}

/** The variables' values, in any order, from what the reader returned. */
export const unpackState = (inputs: ReadonlyArray<StateInput>, read: Tensors): State =>
  inputs.flatMap((input) => {
    const data = read[readName(input.name)].data as Float32Array
    return input.members.map(({ name, offset, shape }) => ({
      name,
      shape,
      data: data.slice(offset, offset + sizeOf(shape)),
    }))
  })

/** The next tensors, by the names of the step's inputs. */
export const carry = (carried: ReadonlyArray<Carried>, outputs: Tensors): Tensors =>
  Object.fromEntries(carried.map(({ name, output }) => [name, outputs[output]]))
