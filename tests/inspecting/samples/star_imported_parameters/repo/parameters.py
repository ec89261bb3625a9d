rate = 0.01
number_of_epochs = 4
