/** Made-up values for a network's feeds: (network, iterations) -> feeds that look like handwritten digits. */
import type { FeedValues } from "../engines/Engine.ts"
import { fillDropoutMask } from "../stages/model/dropout.ts"
import type { Network } from "../stages/model/model.ts"

/** A fifth of a handwritten digit's pixels are not black. */
export const fillImages = (images: Float32Array, imageSize: number): void => {
  images.forEach((_, i) => (images[i] = i % imageSize < imageSize / 5 ? Math.abs(Math.sin(i)) : 0))
}

export const feedsOf = (network: Network, iterations: number): Record<string, Float32Array> => {
  const { batchSize, classes, dropoutMasks, inputShape } = network
  const feeds: Record<string, Float32Array> = {}
  for (const { name, shape } of network.feeds) {
    feeds[name] = new Float32Array(shape.reduce((product, size) => product * size, iterations))
  }
  fillImages(feeds.images, inputShape[0] * inputShape[1] * inputShape[2])
  for (let i = 0; i < iterations * batchSize; i++) feeds.labels[i * classes + (i % classes)] = 1
  feeds.learningRate.fill(1e-4)
  for (const mask of dropoutMasks) fillDropoutMask(mask, 0, feeds[mask.feed])
  return feeds
}

/** The same with images of bytes, for a network whose images are bytes. */
export const byteFeedsOf = (network: Network, iterations: number): FeedValues => {
  const feeds = feedsOf(network, iterations)
  return { ...feeds, images: Uint8Array.from(feeds.images, (value) => Math.round(255 * value)) }
}
