/** How resizing of images is traced: nearest neighbours by repetition, bilinear by a product along each axis. */
import * as tf from "@tensorflow/tfjs-core"
import type { Shape, Value } from "./graph.ts"
import { kernel, KernelRefused, type Make } from "./Kernel.ts"

interface Attributes {
  readonly size: readonly [number, number]
  readonly alignCorners: boolean
  readonly halfPixelCenters?: boolean
}

const checkCorners = ({ halfPixelCenters = false }: Pick<Attributes, "halfPixelCenters">) => {
  if (halfPixelCenters)
    throw new KernelRefused("it has halfPixelCenters, which has no gradient in TensorFlow.js")
}

/** How many times each row and column is repeated. */
const factorsOf = (
  [, height, width]: Shape,
  [rows, columns]: readonly [number, number],
  alignCorners: boolean,
) => {
  const factors = [rows / height, columns / width] as const
  if (!factors.every(Number.isInteger) || alignCorners) {
    throw new KernelRefused("it enlarges by other than a whole number, or aligns corners")
  }
  return factors
}

/** Row y has the weights with which the places before make the new place y: [after, before]. */
const weightsOf = (before: number, after: number, alignCorners: boolean): Float32Array => {
  const weights = new Float32Array(after * before)
  const [last, lastNew] = [before - 1, after - 1]
  const scale = alignCorners && lastNew > 0 ? last / lastNew : before / after
  for (let y = 0; y < after; y++) {
    const at = Math.max(0, scale * y)
    const first = Math.min(last, Math.floor(at))
    const second = Math.min(last, Math.ceil(at))
    const share = at - Math.floor(at)
    weights[y * before + first] += 1 - share
    weights[y * before + second] += share
  }
  return weights
}

/** The product of the weights with one axis of an image. `isGradient`: with their transpose. */
const along = (make: Make, x: Value, axis: 1 | 2, weights: Value, isGradient: boolean) => {
  const size = weights.shape[isGradient ? 1 : 0]
  const [batch, height, width, channels] = x.shape
  const flat = axis === 1 ? [batch, height, width * channels] : [batch * height, width, channels]
  const rows = make("Reshape", [x], {}, flat)
  const product = make(
    "BatchMatMul",
    [weights, rows],
    { transposeA: isGradient, transposeB: false },
    flat.with(1, size),
  )
  return make("Reshape", [product], {}, x.shape.with(axis, size))
}

const resize = (
  make: Make,
  x: Value,
  small: Shape,
  large: Shape,
  alignCorners: boolean,
  isGradient: boolean,
) =>
  ([1, 2] as const).reduce((resized, axis) => {
    const [before, after] = [small[axis], large[axis]]
    const data = weightsOf(before, after, alignCorners)
    const weights = make("Constant", [], { data }, [after, before])
    return along(make, resized, axis, weights, isGradient)
  }, x)

/** Adds the entries. */
export const addResizing = () => {
  kernel<Attributes>(tf.ResizeNearestNeighbor, ({ images }, { alignCorners, size, ...corners }, make) => {
    checkCorners(corners)
    const [batch, height, width, channels] = images.shape
    const [rows, columns] = factorsOf(images.shape, size, alignCorners)
    const apart = make("Reshape", [images], {}, [batch, height, 1, width, 1, channels], images.dtype)
    const repeats = [1, 1, rows, 1, columns, 1]
    const tiled = make(
      "Tile",
      [apart],
      { repeats },
      [batch, height, rows, width, columns, channels],
      images.dtype,
    )
    return make("Reshape", [tiled], {}, [batch, height * rows, width * columns, channels], images.dtype)
  })
  kernel<Attributes>(tf.ResizeBilinear, ({ images }, { alignCorners, size, ...corners }, make) => {
    checkCorners(corners)
    const [batch, , , channels] = images.shape
    return resize(make, images, images.shape, [batch, ...size, channels], alignCorners, false)
  })
  kernel<Pick<Attributes, "alignCorners">>(tf.ResizeBilinearGrad, ({ dy, images }, { alignCorners }, make) =>
    resize(make, dy, images.shape, dy.shape, alignCorners, true),
  )
}
