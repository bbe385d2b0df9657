/** Three of `cnn-strided-affine.ts`, whose probabilities are averaged: what the tutorial of this network suggests. */
import { ensemble } from "tidemark"
import strided from "./cnn-strided-affine.ts"

export default ensemble({
  name: "strided-ensemble",
  members: [0, 1, 2].map((seed) => ({ ...strided, seed })),
})
