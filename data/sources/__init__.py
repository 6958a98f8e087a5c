"""Where raw text and images come from; streams only.

text            pairs of sentences as a corpus offers them, in chunks
corpora         the corpora by name, and a user's own files
bible           verses of two languages
mixtures        several corpora as one
gold            sentence pairs whose word links people have judged
splits          which pair belongs to train, valid or test
images          image collections by name, and a user's own folders
download        files from the network: checked, resumed, explained
hugging_face    files from the hub, by its own library
paths           paths as a user gives them, checked
reading         text files of any encoding, line by line
image_files     an image file of any kind -> pixels
"""
