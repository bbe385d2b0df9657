/**
 * How kernels that arrange values are traced: types, shapes, parts, rows by number, repetition and constants.
 *
 * TensorFlow.js checks shapes in its kernels, so a trace does the same: a wrong shape is known before an engine runs.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { DType, Value } from "./graph.ts"
import { sizeOf } from "./graph.ts"
import { binary, kernel, KernelRefused, type Make, scalar } from "./Kernel.ts"

const { backend_util, slice_util, util } = tf

/** Whole numbers from 0. */
const places = (make: Make, length: number) =>
  make("Constant", [], { data: Int32Array.from({ length }, (_, i) => i) }, [length], "int32")
/** 1 where the index of the last axis is the number, else 0: [...numbers, depth]. */
const oneHot = (make: Make, numbers: Value, depth: number) => {
  const each = make("Reshape", [numbers], {}, [...numbers.shape, 1], numbers.dtype)
  const shape = [...numbers.shape, depth]
  const equal = make("Equal", [each, places(make, depth)], {}, shape, "bool")
  return make("Cast", [equal], {}, shape)
}

export const addArranging = (): void => {
  kernel<tf.CastAttrs>(tf.Cast, ({ x }, { dtype }, make) => {
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
      throw new KernelRefused(`values of type ${dtype} are not supported`)
    }
    return x.dtype === dtype ? x : make("Cast", [x], {}, x.shape, dtype)
  })
  kernel(tf.Identity, ({ x }) => x)
  kernel<tf.ReshapeAttrs>(tf.Reshape, ({ x }, attributes, make) => {
    const shape = util.inferFromImplicitShape([...attributes.shape], sizeOf(x.shape))
    util.assert(
      sizeOf(shape) === sizeOf(x.shape),
      () => `The new shape (${shape.join()}) has another size than the old one (${x.shape.join()})`,
    )
    return make("Reshape", [x], {}, shape, x.dtype)
  })
  kernel<tf.ExpandDimsAttrs>(tf.ExpandDims, ({ input }, { dim }, make) => {
    const shape = [...input.shape]
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1)
    return make("Reshape", [input], {}, shape, input.dtype)
  })
  kernel<tf.TransposeAttrs>(tf.Transpose, ({ x }, { perm }, make) =>
    make(
      "Transpose",
      [x],
      { permutation: [...perm] },
      perm.map((axis) => x.shape[axis]),
      x.dtype,
    ),
  )
  kernel<tf.ConcatAttrs>(tf.Concat, (inputs, attributes, make) => {
    const parts = Object.values(inputs)
    const [{ dtype, shape }] = parts
    const [axis] = util.parseAxisParam(attributes.axis, [...shape])
    backend_util.assertParamsConsistent(
      parts.map((part) => [...part.shape]),
      axis,
    )
    const size = parts.reduce((sum, part) => sum + part.shape[axis], 0)
    return make("Concat", parts, { axis }, shape.with(axis, size), dtype)
  })
  kernel<tf.SplitVAttrs>(tf.SplitV, ({ x }, attributes, make) => {
    const [axis] = util.parseAxisParam(attributes.axis, [...x.shape])
    const sizes = backend_util.prepareSplitSize(x as unknown as tf.Tensor, attributes.numOrSizeSplits, axis)
    let start = 0
    return sizes.map((size) => {
      const begin = x.shape.map((_, i) => (i === axis ? start : 0))
      start += size
      return make("Slice", [x], { begin }, x.shape.with(axis, size), x.dtype)
    })
  })
  kernel<tf.SliceAttrs>(tf.Slice, ({ x }, { begin, size }, make) => {
    const info = { ...x, rank: x.shape.length } as unknown as tf.TensorInfo
    const [start, sizes] = slice_util.parseSliceParams(info, begin, size)
    slice_util.assertParamsValid(info, start, sizes)
    return make("Slice", [x], { begin: start }, sizes, x.dtype)
  })
  kernel<tf.PadV2Attrs>(tf.PadV2, ({ x }, { constantValue, paddings }, make) => {
    const [before, after] = [0, 1].map((side) => paddings.map((pair) => pair[side]))
    const shape = x.shape.map((size, axis) => before[axis] + size + after[axis])
    return make("Pad", [x], { before, after, value: constantValue }, shape, x.dtype)
  })
  kernel<tf.PackAttrs>(tf.Pack, (inputs, attributes, make) => {
    const [first] = Object.values(inputs)
    // The parts have one axis less than the stack, of which the axis counts.
    const axis = attributes.axis < 0 ? attributes.axis + first.shape.length + 1 : attributes.axis
    const parts = Object.values(inputs).map((part) => {
      util.assertShapesMatch([...first.shape], [...part.shape], "tensors of a stack have different shapes: ")
      return make("Reshape", [part], {}, part.shape.toSpliced(axis, 0, 1), part.dtype)
    })
    const [{ dtype, shape }] = parts
    return make("Concat", parts, { axis }, shape.with(axis, parts.length), dtype)
  })
  kernel<tf.UnpackAttrs>(tf.Unpack, ({ value }, attributes, make) => {
    const [axis] = util.parseAxisParam(attributes.axis, [...value.shape])
    return Array.from({ length: value.shape[axis] }, (_, at) => {
      const begin = value.shape.map((_, i) => (i === axis ? at : 0))
      const part = make("Slice", [value], { begin }, value.shape.with(axis, 1), value.dtype)
      return make("Reshape", [part], {}, value.shape.toSpliced(axis, 1), value.dtype)
    })
  })
  kernel<tf.OneHotAttrs>(tf.OneHot, ({ indices }, { depth, offValue, onValue }, make) => {
    const hot = oneHot(make, indices, depth)
    const scaled = binary(make, "Mul", hot, scalar(make, onValue - offValue))
    const values = binary(make, "Add", scaled, scalar(make, offValue))
    return make("Cast", [values], {}, values.shape, "int32")
  })
  kernel<tf.GatherV2Attrs>(tf.GatherV2, ({ x, indices }, attributes, make) => {
    if (attributes.batchDims !== 0) throw new KernelRefused("it gathers by batch")
    const [axis] = util.parseAxisParam(attributes.axis, [...x.shape])
    const shape = x.shape.toSpliced(axis, 1, ...indices.shape)
    return make("Gather", [x, indices], { axis }, shape, x.dtype)
  })
  /**
   * The gradient of a gather: the rows of each segment are added, by a product with one-hot numbers. Its order of addition does not
   * depend on threads.
   */
  kernel<tf.UnsortedSegmentSumAttrs>(tf.UnsortedSegmentSum, ({ x, segmentIds }, { numSegments }, make) => {
    if (segmentIds.shape.length !== 1) throw new KernelRefused("its numbers have more than one axis")
    const [rows, ...rest] = x.shape
    const flat = make("Reshape", [x], {}, [rows, sizeOf(rest)], x.dtype)
    const hot = oneHot(make, segmentIds, numSegments)
    const sum = make("MatMul", [hot, flat], { transposeA: true, transposeB: false, relu: false }, [
      numSegments,
      sizeOf(rest),
    ])
    return make("Reshape", [sum], {}, [numSegments, ...rest])
  })
  kernel<tf.ReverseAttrs>(tf.Reverse, ({ x }, { dims }, make) =>
    util.parseAxisParam(dims, [...x.shape]).reduce((reversed, axis) => {
      const data = Int32Array.from({ length: x.shape[axis] }, (_, i) => x.shape[axis] - 1 - i)
      const order = make("Constant", [], { data }, [data.length], "int32")
      return make("Gather", [reversed, order], { axis }, x.shape, x.dtype)
    }, x),
  )
  kernel<tf.TileAttrs>(tf.Tile, ({ x }, { reps }, make) =>
    make(
      "Tile",
      [x],
      { repeats: [...reps] },
      x.shape.map((size, axis) => size * reps[axis]),
      x.dtype,
    ),
  )
  kernel<tf.FillAttrs>(tf.Fill, (_, { shape, value, dtype }, make) =>
    make("Fill", [], { value: Number(value) }, shape, (dtype ?? "float32") as DType),
  )
  kernel(tf.ZerosLike, ({ x }, _, make) => make("Fill", [], { value: 0 }, x.shape, x.dtype))
  kernel(tf.OnesLike, ({ x }, _, make) => make("Fill", [], { value: 1 }, x.shape, x.dtype))
}
