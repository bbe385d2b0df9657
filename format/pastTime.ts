/**
 * A past time in words, in the time zone of the machine: "today 14:05", "yesterday 22:10", "22 Nov 14:05", "22 Nov 2025".
 */
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

const two = (value: number) => String(value).padStart(2, "0")

const isSameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString()

export const pastTime = (time: Date, now: Date): string => {
  if (Number.isNaN(time.getTime())) return "–"
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`
  if (isSameDay(time, now)) return `today ${clock}`
  if (isSameDay(time, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)))
    return `yesterday ${clock}`
  const day = `${time.getDate()} ${months[time.getMonth()]}`
  return time.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${day} ${time.getFullYear()}`
}
