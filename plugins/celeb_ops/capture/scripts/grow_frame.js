// Let a frame of another host, one of those that are kept, be as tall as what it shows.
const [number, height] = arguments;
const frame = kept.frames[number];
growFrame(frame, height);
growAround(frame);
return nameOf(frame);
