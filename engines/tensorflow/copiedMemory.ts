/**
 * Memory whose values TensorFlow copies at once: (number of values) -> memory for that many.
 *
 * The package lends the memory of a typed array to TensorFlow, and TensorFlow keeps it if the address is a multiple of 64: a
 * variable holds it until it is next written. It is then given back on a thread of TensorFlow's, which Node.js allows on its
 * own thread only. One array in four or five was lent, and now and then the process died (SIGSEGV). At an address that is no
 * multiple of 8, TensorFlow copies the values while it makes the tensor; so the memory can be written again after each call.
 */
export const copiedMemory = (size: number): Float32Array =>
  // Buffers begin at multiples of 8 at least.
  new Float32Array(size + 1).subarray(1)
