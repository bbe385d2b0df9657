/** 2026-11-22T08:53:17.485Z -> 2026-11-22 08:53 UTC; any other text is returned unchanged. */
export const moment = (time: string): string => {
  const [, day, clock] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(time) ?? []
  return day === undefined ? time : `${day} ${clock} UTC`
}
