package schemas

// Record is one record of an out topic, as a sink gets it.
type Record struct {
	Offset int64
	Time   Time   // the record's timestamp
	Type   string // its ce_type header
	Key    []byte
	Value  []byte
	// Headers are all its headers, kept for types whose value is not our JSON.
	Headers []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Batch is a run of records of one topic partition, for a sink. Its bounds are
// part of its identity: written again after a failure it has the same ones, so
// that a sink can recognise it.
type Batch struct {
	Topic     string
	TopicID   string // the broker's id of the topic: a topic made anew has another
	Partition int32
	First     int64 // offset of the first record
	Last      int64 // offset of the last record
	Records   []Record
	// Followed says that the partition's next batch is there already: when that one
	// is begun, this one was finished, so a sink need not note it by itself.
	Followed bool
}

// WrittenRange is what a sink remembers of one topic partition: the latest
// batch that it began, and whether it noted that it finished it. Not to have noted
// it means that the batch is written again, which is harmless.
type WrittenRange struct {
	First, Last int64
	Done        bool
}
