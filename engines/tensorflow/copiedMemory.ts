/**
 * Values handed to TensorFlow so that it copies them at once: (number of values) -> memory of that many to write them in.
 *
 * The package lends TensorFlow the memory of a typed array, and TensorFlow takes the loan where the address is a multiple of
 * 64: a variable keeps it until it is next written, on a thread of TensorFlow's, and the loan is given back there, which
 * Node.js allows on its own thread only. One array in four or five was lent so, and now and then the process died (SIGSEGV). At
 * an address that is no multiple of 8, TensorFlow copies the values while the tensor is made; so the memory may be
 * written anew after each call.
 */
export const handOver = (size: number): Float32Array =>
  // Buffers begin at multiples of 8 at least.
  new Float32Array(size + 1).subarray(1)
