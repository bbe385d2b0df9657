/**
 * The state of a trainer on a device: tensors by name, which a step replaces by its outputs.
 *
 * During a call the tensors from before it are kept, so a call that fails leaves the state as it was.
 */
import type { Tensor } from "onnxruntime-node"
import type { State } from "../../Engine.ts"
import type { Ort } from "../runtime.ts"
import { type Carried, readName } from "./compileForDevice.ts"
import type { Entry } from "./pack.ts"

export type Tensors = Readonly<Record<string, Tensor>>

export const floatTensor = (ort: Ort, data: Float32Array, shape: ReadonlyArray<number>): Tensor =>
  new ort.Tensor("float32", data, [...shape])

/** Memory of the device is freed when it is disposed, not by the garbage collector. */
export const freeDevice = (tensors: Tensors): void => {
  for (const tensor of Object.values(tensors)) if (tensor.location === "gpu-buffer") tensor.dispose()
}

/** The variables' values as tensors of the entries. `state` has every variable. */
export const packState = (ort: Ort, entries: ReadonlyArray<Entry>, state: State): Tensors => {
  const dataOf = new Map(state.map(({ data, name }) => [name, data]))
  return Object.fromEntries(
    entries.map(({ name, parts, shape }) => {
      const packed = new Float32Array(shape.reduce((product, size) => product * size, 1))
      for (const { offset, variable } of parts) packed.set(dataOf.get(variable) ?? [], offset)
      return [name, floatTensor(ort, packed, shape)]
    }),
  )
}

/** The variables' values, in any order, from what the reader returned. */
export const unpackState = (entries: ReadonlyArray<Entry>, read: Tensors): State =>
  entries.flatMap(({ name, parts }) => {
    const data = read[readName(name)].data as Float32Array
    return parts.map(({ offset, shape, variable }) => {
      const size = shape.reduce((product, length) => product * length, 1)
      return { name: variable, shape, data: data.slice(offset, offset + size) }
    })
  })

/** The next tensors, by the names of the step's inputs. */
export const carry = (carried: ReadonlyArray<Carried>, outputs: Tensors): Tensors =>
  Object.fromEntries(carried.map(({ name, output }) => [name, outputs[output]]))
